"""Two admins in a form at once, in a real browser."""

from loctelli.tests.browsing import IN_A_BROWSER, picture, save, stored
from loctelli.tests.console_cast import page as address_of
from tenants.models import SubAccount

pytestmark = IN_A_BROWSER


def test_the_second_of_two_admins_is_told(rows, cast, open_page):
    address = address_of("tenants.subaccount", "change", cast.acme.pk)
    first, second = open_page(address), open_page(address)
    first.fill("[name=name]", "Acme Roofs")
    first.get_by_label("Website").fill("https://acme.example")
    save(first)
    second.fill("[name=description]", "Roofs and gutters.")
    save(second)
    picture(second, "told", full_page=True)
    told = second.inner_text("#content")
    shown = second.input_value("[name=name]"), second.get_by_label("Website").input_value()
    save(second)

    assert "Nothing was saved yet" in told
    assert f"{cast.ada.name} changed “Name” to “Acme Roofs”" in told
    assert shown == ("Acme Roofs", "https://acme.example")
    assert stored(SubAccount, cast.acme.pk, "name") == "Acme Roofs"
    assert stored(SubAccount, cast.acme.pk, "description") == "Roofs and gutters."
