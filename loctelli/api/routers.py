"""Routes of resources, named by their model."""

from rest_framework import routers


class Router(routers.SimpleRouter):
    """A router that takes the name of a resource's routes (`lead-list`, `lead-detail`) from its model."""

    def get_default_basename(self, viewset) -> str:
        return viewset.serializer_class.Meta.model._meta.model_name
