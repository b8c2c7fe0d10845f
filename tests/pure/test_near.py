"""A name that there is not leads to those that it may have meant."""

from annexa.pure.near import meant, near

SLUGS = ("load-forecast", "line-inspection", "meter-anomaly", "meeting-notes", "outage-voicebot")


def test_a_slip_of_the_keyboard_is_near_what_was_meant() -> None:
    assert near("load-forcast", SLUGS) == ("load-forecast",)
    assert near("voicebot", SLUGS) == ("outage-voicebot",)
    assert meant("meter-anomoly", SLUGS) == " Near to it: meter-anomaly."


def test_what_is_like_nothing_is_near_nothing() -> None:
    assert near("zebra", SLUGS) == ()
    assert near("", SLUGS) == ()
    assert meant("nobody", SLUGS) == ""


def test_it_names_three_at_most() -> None:
    assert len(near("system", [f"system-{n}" for n in range(50)])) == 3
