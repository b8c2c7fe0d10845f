"""The posture over time of an organisation that has just been set up: nothing else was founded before it."""

from annexa.answers.over_time import over_time


def test_on_the_first_day_there_is_only_today_and_what_comes(organisation, actor, now) -> None:
    found = over_time(actor=actor, now=now, framework="iso42001-2023")
    assert found.points[0].on == now.date() == found.extent.first
    assert found.extent.since == now.date()
    assert len(found.points) >= 13
    assert found.points[0].readiness == 0
