"""Every word the console says can be translated: in a language that puts brackets around each, none stands bare."""

import re
from collections.abc import Iterable
from html.parser import HTMLParser

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils.translation import trans_real

from loctelli.tests.console_cast import LABELS, READ_ONLY, a_row_of, fill, page
from tenants.console.row_actions import RowActionsAdmin
from tenants.scope import system_scope

SAID_BY_ATTRIBUTES = ("title", "placeholder", "aria-label", "alt")
WORD = re.compile(r"[^\W\d_]{2,}")
# What is no word of ours: names, formats, and what unfold and Django themselves leave without a translation.
NAMES = {
    "Loctelli", "Console", "GoHighLevel", "PostgreSQL", "UTC", "JSON", "CSV", "XLSX", "esc", "kB", "MB", "GB",
}  # fmt: skip


class Bare(HTMLParser):
    """The texts of a page that stand outside of brackets."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.depth, self.silent, self.found = 0, [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        for name in SAID_BY_ATTRIBUTES:
            self.found.append(outside_brackets(found.get(name) or "", 0)[0])
        if tag == "input":
            if found.get("type") in ("submit", "button"):
                self.found.append(outside_brackets(found.get("value") or "", 0)[0])
        elif tag not in VOID and (self.silent or tag in SILENT or is_icon(found) or found.get("translate") == "no"):
            self.silent.append(tag)

    def handle_endtag(self, tag):
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data):
        if not self.silent:
            text, self.depth = outside_brackets(data, self.depth)
            self.found.append(text)


SILENT = {"pre", "script", "style", "template", "textarea"}
VOID = {"br", "hr", "img", "input", "link", "meta"}


def is_icon(attributes) -> bool:
    return "material-symbols" in (attributes.get("class") or "")


def outside_brackets(text: str, depth: int) -> tuple[str, int]:
    kept = []
    for character in text:
        depth += (character == "⟦") - (character == "⟧")
        kept.append(character if depth == 0 and character not in "⟦⟧" else "\n")
    return "".join(kept), depth


def bare_words(html: str, data: Iterable[str]) -> set[str]:
    """Return the texts with a word that are neither in brackets nor what people typed."""
    typed = re.compile("|".join(rf"(?<!\w){re.escape(value)}(?!\w)" for value in data), re.IGNORECASE)
    texts = {line.strip() for found in Bare(html).found for line in found.split("\n")}
    return {text for text in texts if not NAMES.issuperset(WORD.findall(typed.sub(" ", text)))}


@pytest.fixture
def rows(cast):
    return fill(cast)


def leaves(value) -> Iterable[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield key
            yield from leaves(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield from (value, *value.split("\n"))


@pytest.fixture
def data(rows, console) -> list[str]:
    """What people typed, longest first: it is shown as it is. What is chosen from a list has words of its own."""
    found: set[str] = set()
    with system_scope("test"):
        for model in apps.get_models():
            names = [field.attname for field in model._meta.concrete_fields if not field.choices]
            for values in model._base_manager.values_list(*names)[:100]:
                found.update(value for value in leaves(values) if len(value) > 1)
    return sorted(found, key=len, reverse=True)


def addresses(label: str) -> list[str]:
    with system_scope("test"):
        row = a_row_of(label)
    found = [page(label, name) for name in ("changelist", "add")]
    found += [page(label, name, row.pk) for name in ("change", "history", "delete")]
    model_admin = admin.site._registry[apps.get_model(label)]
    if isinstance(model_admin, RowActionsAdmin):
        name = f"console:{model_admin._url_name()}"
        found += [reverse(name, args=[row.pk, action]) for action in names_of_actions(model_admin)]
    return found


def names_of_actions(model_admin) -> list[str]:
    return [getattr(action, "__name__", action) for action in model_admin.actions or ()]


@pytest.mark.parametrize("label", LABELS)
def test_every_page_of_a_model_can_be_translated(label, rows, data, console, brackets):

    bare = {url: bare_words(console.get(url).content.decode(), data) for url in addresses(label)}

    assert {url: words for url, words in bare.items() if words} == {}


@pytest.mark.parametrize("label", [label for label in LABELS if label not in READ_ONLY])
def test_what_forms_refuse_can_be_translated(label, rows, data, console, brackets):
    with system_scope("test"):
        row = a_row_of(label)
    urls = [page(label, "add"), page(label, "change", row.pk)]
    answers = [console.post(url, {}) for url in urls]

    bare = [bare_words(answer.content.decode(), data) for answer in answers]

    assert bare == [set(), set()]


@pytest.mark.parametrize(
    "path",
    ["", "sessions/", "second-factor/", "step-up/", "password_change/", "search/?s=acme", "switcher/?q=acme", "no/"],
)
def test_the_pages_beside_can_be_translated(path, rows, data, console, brackets):
    html = console.get(f"/console/{path}").content.decode()

    assert bare_words(html, data) == set()


def test_pages_of_one_row_can_be_translated(rows, cast, data, console, brackets):
    acme = rows.acme
    urls = [
        reverse("console:crm_lead_conversation", args=[acme.lead.pk]),
        reverse("console:accounts_user_password", args=[cast.alice.pk]),
        reverse("console:offboarding_closing_close", args=[cast.acme.pk]),
        reverse("console:agents_strategy_import_rows"),
        reverse("console:agents_prompttemplate_import_rows"),
        page("accounts.user", "delete", cast.alice.pk),
        page("tenants.subaccount", "delete", cast.acme.pk),
        page("agents.strategy", "delete", cast.acme_strategy.pk),
    ]

    bare = {url: bare_words(console.get(url).content.decode(), data) for url in urls}

    assert {url: words for url, words in bare.items() if words} == {}


def test_signing_in_can_be_translated(data, ada, brackets):
    client = Client()
    asked = client.get("/console/login/").content.decode()
    refused = client.post("/console/login/", {"username": ada.email, "password": "wrong"}).content.decode()

    assert (bare_words(asked, data), bare_words(refused, data)) == (set(), set())


def test_a_bare_word_is_found():
    """The test above can fail: what is not translated is seen, in a text, an attribute and beside what is."""
    html = '<p title="Bare"><b>⟦Marked <i>all</i> along⟧</b> naked</p><span class="material-symbols">icon</span> Acme'

    assert bare_words(html, ["Acme"]) == {"Bare", "naked"}
    assert trans_real.gettext("Marked") == "Marked"
