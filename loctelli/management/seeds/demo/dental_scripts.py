"""Conversations of Lantern Lane Dental's agents with leads, one a stage."""

from loctelli.management.seeds.demo.business import Script
from loctelli.management.seeds.demo.dialogue import state

SCRIPTS = {
    "opening": Script(
        state("discovery", None, decision_maker="self"),
        """\
agent: Hello {first}, this is {agent} from Lantern Lane Dental. Thank you for writing to us about {wish}. Is anything \
bothering you at the moment?
""",
    ),
    "active": Script(
        state("qualification", None, decision_maker="self"),
        """\
agent: Hello {first}, this is {agent} from Lantern Lane Dental. Thank you for writing to us about {wish}. Is anything \
bothering you at the moment?
lead: No pain, no. I just moved here and need a dentist
agent: Welcome to the neighbourhood. Roughly when did you last see a dentist? There's no wrong answer.
lead: {last_visit}
agent: Thank you. Is there anything that makes visits hard for you, so that we can plan for it?
""",
    ),
    "nervous": Script(
        state(
            "objection_handling", None, pain_points=["fear of treatment"], objections=["fear"], decision_maker="self"
        ),
        """\
agent: Hello {first}, this is {agent} from Lantern Lane Dental. Thank you for writing to us about {wish}. Is anything \
bothering you at the moment?
lead: To be honest I'm terrified of dentists. {last_visit}
agent: Thank you for telling me, that helps. Many of our patients feel the same. The first visit can be a talk only, \
nothing in your mouth.
lead: Really? Nothing at all?
agent: Really. You sit in an ordinary chair, and you decide what happens next. Would a quiet time late in the \
afternoon be easier?
lead: Maybe. Let me think about it
""",
    ),
    "quiet": Script(
        state("discovery", None, decision_maker="self"),
        """\
agent: Hello {first}, this is {agent} from Lantern Lane Dental. Thank you for writing to us about {wish}. Is anything \
bothering you at the moment?
lead: no just looking around
agent: Of course. Is there something you'd especially like from a dentist?
agent, 3 days later: Hello {first}, if you have a question about {wish}, I'm glad to answer it. Otherwise I won't \
write again.
""",
    ),
    "qualified": Script(
        state("qualification", True, pain_points=["crowded front teeth"], decision_maker="self"),
        """\
agent: Hello {first}, this is {agent} from Lantern Lane Dental. Thank you for writing to us about {wish}. Is anything \
bothering you at the moment?
lead: Nothing hurts, I'd just like to do it {timeline}
agent: That gives us good time. Roughly when did you last see a dentist?
lead: {last_visit}
agent: Good. The way to start is a 30-minute consultation with a scan, so that you see what is possible. Which days \
suit you?
lead: Wednesdays after work
agent: We're open until 7 on Wednesdays. I'll ask the orthodontist's calendar and come back with two times.
""",
    ),
    "nhs": Script(
        state("closing", False, objections=["price"], decision_maker="self"),
        """\
agent: Hello {first}, this is {agent} from Lantern Lane Dental. Thank you for writing to us about {wish}. Is anything \
bothering you at the moment?
lead: No but do you take NHS patients?
agent: I'm sorry, we're a private practice. The NHS website's "Find a dentist" shows who near you is taking new \
patients.
lead: ok thanks for being upfront
agent: You're welcome, {first}. I hope you find someone nice nearby.
""",
    ),
    "urgent": Script(
        state("handed_off", True, pain_points=["acute pain"], decision_maker="self"),
        """\
lead: Hi, my tooth has been killing me since last night, can you help?
agent: I'm sorry, {first}, that sounds awful. First: is there swelling that spreads, fever, or trouble swallowing? \
Then please call 999 or go to A&E now.
lead: No nothing like that. Just the pain
agent: Good. We keep emergency times free every day. I'm passing you to Tom at the reception, who will call you \
within a few minutes.
lead: Thank you so much
""",
    ),
    "booked": Script(
        state("booked", True, decision_maker="self"),
        """\
agent: Hello {first}, this is {agent} from Lantern Lane Dental. Thank you for writing to us about {wish}. Is anything \
bothering you at the moment?
lead: No. How much is it for a new patient?
agent: The examination with X-rays is £65, and you get a written plan before anything is done. Roughly when was your \
last visit to a dentist?
lead: {last_visit}
agent: Thank you. I could offer {meeting}, 40 minutes. Does that suit you?
lead: Yes please
agent: Lovely: {meeting}, at 12 Lantern Lane. A short medical form comes by e-mail.
""",
    ),
    "recall": Script(
        state("booked", True, decision_maker="self"),
        """\
agent: Hello {first}, {agent} from Lantern Lane Dental. Your check-up is due; could you come on {meeting}?
lead: That works. Can the hygienist have a look as well?
agent: Gladly, that makes it 50 minutes. You're down for {meeting}. See you then.
""",
    ),
    "recall_sent": Script(
        state("discovery", None, decision_maker="self"),
        """\
agent: Hello {first}, {agent} from Lantern Lane Dental. It's been a while since your last check-up ({last_visit}). \
Would a morning or an afternoon suit you better?
lead: Afternoons, but not this week
agent: Of course. Which day next week is good?
""",
    ),
    "closed": Script(
        state("closing", True, pain_points=["crowded front teeth"], objections=["price"], decision_maker="self"),
        """\
agent: Hello {first}, this is {agent} from Lantern Lane Dental. Thank you for writing to us about {wish}. Is anything \
bothering you at the moment?
lead: No pain. I want it done {timeline}, but I'm worried about the cost
agent: Understandable. The consultation tells you the exact figure in writing, and the plan can be paid monthly. \
Shall I offer you a time?
lead: Yes ok
agent: {meeting}?
lead: Good
agent: Booked: {meeting}, at 12 Lantern Lane.
agent, 9 days later: Thank you for deciding to go ahead, {first}. The scans are with the lab; we'll call when your \
set has arrived.
lead: So excited, thanks!
""",
    ),
}
