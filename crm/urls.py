from crm.views import BookingViewSet, ContactSubmissionViewSet, ConversationMessageViewSet, LeadViewSet
from loctelli.api.routers import Router

router = Router()
router.register("leads", LeadViewSet)
router.register("bookings", BookingViewSet)
router.register("contact-submissions", ContactSubmissionViewSet)
router.register("conversation-messages", ConversationMessageViewSet)

urlpatterns = router.urls
