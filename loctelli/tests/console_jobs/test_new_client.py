"""A client business begins: it is created, its people are invited, and it gets what its agent works with."""

from agents.models import PromptTemplate, SubAccountPromptTemplate
from forms.models import FormTemplate
from integrations.models import Integration
from loctelli.tests.browsing import IN_A_BROWSER, ask
from tenants.models import SubAccount, SubAccountInvitation

pytestmark = IN_A_BROWSER

TO_DO = ["Invite its people", "Choose its prompt template", "Add a form", "Connect a service"]


def open_client(admin):
    admin.open("Sub-accounts")
    admin.follow("Brightwater Physio")


def test_a_client_business_is_created(admin):
    admin.open("Sub-accounts")
    admin.add("sub-account")
    admin.type("Name", "Brightwater Physio")
    admin.type("Description", "Physiotherapy for runners, three practices in Bristol.")
    admin.type("Website", "https://brightwater.example.com")
    admin.type("Time zone", "Europe/London")
    admin.save()
    admin.sees("was added successfully")
    admin.looks_right("new-client")

    made = ask(lambda: SubAccount.objects.get(name="Brightwater Physio"))
    assert made.is_active
    assert made.settings == {"website": "https://brightwater.example.com", "timezone": "Europe/London"}
    assert admin.still_to_do() == TO_DO


def test_its_people_are_invited(admin, client_business):
    open_client(admin)
    admin.follow("Invite its people")
    preset = admin.chosen("sub_account")
    admin.type("Most uses", "5")
    admin.save()
    admin.sees("People join Brightwater Physio with this code.")
    admin.looks_right("invitation")
    code, link = admin.page.inner_text("#code"), admin.page.inner_text("#link")
    validated = admin.page.request.post(f"{admin.url}/api/v1/auth/invitations/validate/", data={"code": code})
    admin.follow("I have handed it over: on to Brightwater Physio")

    assert preset == "Brightwater Physio"
    assert link == f"https://app.example.com/join?code={code}"
    assert validated.json() == {"sub_account_name": "Brightwater Physio"}
    assert ask(lambda: SubAccountInvitation.objects.get(sub_account=client_business).max_uses) == 5
    assert admin.still_to_do() == TO_DO[1:]


def test_it_gets_a_prompt_template_of_its_own(admin, client_business):
    admin.open("Prompt templates")
    admin.add("prompt template")
    admin.type("Name", "Practice receptionist")
    admin.type("Category", "reception")
    admin.page.get_by_label("Active").check()
    admin.type("Base prompt", "You answer for a physiotherapy practice. Find out where it hurts, and offer a time.")
    admin.save()
    open_client(admin)
    admin.follow("Choose its prompt template")
    preset, is_active = admin.chosen("sub_account"), admin.page.get_by_label("Active").is_checked()
    admin.choose("prompt_template", "recep", "Practice receptionist")
    admin.looks_right("prompt-template")
    admin.save()
    admin.sees("was added successfully")

    made = ask(lambda: PromptTemplate.objects.get(name="Practice receptionist"))
    chosen = ask(lambda: SubAccountPromptTemplate.objects.get(sub_account=client_business))
    assert (preset, is_active) == ("Brightwater Physio", True)
    assert (chosen.prompt_template_id, chosen.is_active) == (made.pk, True)
    assert admin.still_to_do() == [TO_DO[0], *TO_DO[2:]]


def test_it_gets_a_form(admin, client_business):
    open_client(admin)
    admin.follow("Add a form")
    admin.page.get_by_label("Name*", exact=True).press_sequentially("First visit")
    address = admin.field("Address").input_value()
    admin.type("Title", "Where does it hurt?")
    form = admin.page.locator(".json-form")
    for label, kind in (("Your name", "Text"), ("Telephone", "Phone"), ("What happened", "Long text")):
        form.get_by_role("button", name="Add a field").click()
        admin.page.keyboard.type(label)
        form.get_by_role("combobox", name="Type", exact=True).last.select_option(label=kind)
    for title in ("Your name · Text", "Telephone · Phone"):
        form.get_by_role("button", name=title, exact=True).click()
    admin.looks_right("form")
    admin.save()
    admin.sees("was added successfully")

    made = ask(lambda: FormTemplate.objects.get(sub_account=client_business))
    assert address == made.slug == "first-visit"
    assert [(field["label"], field["type"]) for field in made.schema] == [
        ("Your name", "text"),
        ("Telephone", "phone"),
        ("What happened", "textarea"),
    ]
    assert admin.still_to_do() == [*TO_DO[:2], TO_DO[3]]


def test_it_is_connected_to_a_service(admin, client_business):
    open_client(admin)
    admin.follow("Connect a service")
    admin.sees("Choose the template first")
    admin.choose("integration_template", "goh", "GoHighLevel CRM")
    admin.type("Name", "GoHighLevel")
    admin.sees("Create a private integration")
    admin.page.get_by_role("button", name="Enter: API key").click()
    admin.page.keyboard.type("pit-3f6c0d52-61a9")
    admin.type("Location ID", "ve9EPM428h8vShlRW1KT")
    admin.page.locator(".json-form").scroll_into_view_if_needed()
    admin.looks_right("integration")
    admin.save()
    admin.sees("was added successfully")

    made = ask(lambda: Integration.objects.select_related("integration_template").get(sub_account=client_business))
    revealed = ask(lambda: made.revealed_config)
    assert revealed == {"apiKey": "pit-3f6c0d52-61a9", "locationId": "ve9EPM428h8vShlRW1KT"}
    assert "pit-3f6c" not in str(made.config)
    assert admin.still_to_do() == TO_DO[:3]
