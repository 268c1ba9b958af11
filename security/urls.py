from loctelli.api.routers import Router
from security.views import AuditEntryViewSet, SecurityIncidentViewSet

router = Router()
router.register("audit-entries", AuditEntryViewSet)
router.register("security-incidents", SecurityIncidentViewSet)

urlpatterns = router.urls
