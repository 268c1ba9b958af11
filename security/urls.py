from loctelli.api.routers import Router
from security.views import SecurityIncidentViewSet

router = Router()
router.register("security-incidents", SecurityIncidentViewSet)

urlpatterns = router.urls
