"""Forms and submissions for tests; a submission belongs to its form's sub-account, if that has one."""

import factory

from accounts.tests.factories import AdminUserFactory
from forms.models import FormSubmission, FormTemplate


class FormTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FormTemplate

    name = factory.Sequence(lambda number: f"Form {number}")
    slug = factory.Sequence(lambda number: f"form-{number}")
    title = "Contact us"
    schema = factory.LazyFunction(lambda: [{"id": "name", "type": "text", "label": "Name", "required": True}])
    sub_account = factory.SubFactory("tenants.tests.factories.SubAccountFactory")
    created_by_admin = factory.SubFactory(AdminUserFactory)


class FormSubmissionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FormSubmission

    form_template = factory.SubFactory(FormTemplateFactory)
    sub_account = factory.SelfAttribute("form_template.sub_account")
    data = factory.LazyFunction(lambda: {"name": "Joan"})
