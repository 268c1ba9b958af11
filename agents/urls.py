from agents.views import ChosenTemplateViewSet, PromptTemplateViewSet, StrategyViewSet
from loctelli.api.routers import Router

router = Router()
router.register("prompt-templates", PromptTemplateViewSet)
router.register("chosen-prompt-templates", ChosenTemplateViewSet)
router.register("strategies", StrategyViewSet)

urlpatterns = router.urls
