from forms.views import FormSubmissionViewSet, FormTemplateViewSet
from loctelli.api.routers import Router

router = Router()
router.register("form-templates", FormTemplateViewSet)
router.register("form-submissions", FormSubmissionViewSet)

urlpatterns = router.urls
