from integrations.views import IntegrationTemplateViewSet, IntegrationViewSet
from loctelli.api.routers import Router

router = Router()
router.register("integration-templates", IntegrationTemplateViewSet)
router.register("integrations", IntegrationViewSet)

urlpatterns = router.urls
