"""How late webCRM was read, as `/metrics` shows it: a quiet webCRM is not a silent one."""

from __future__ import annotations

from datetime import timedelta

from prometheus_client.parser import text_string_to_metric_families

from support.scenario import BO, Scenario
from webcrm_sync.engine.operations import metrics

_PREFIX, _SUFFIX = "webcrm_sync_", "_lag_seconds"


def lags(scenario: Scenario) -> dict[str, float]:
    """The two lags, in seconds."""
    text = metrics.render(scenario.context).decode()
    return {
        family.name.removeprefix(_PREFIX).removesuffix(_SUFFIX): family.samples[0].value
        for family in text_string_to_metric_families(text)
        if family.name.endswith(_SUFFIX)
    }


def wait_two_hours(scenario: Scenario) -> None:
    for _ in range(12):
        scenario.wait(timedelta(minutes=10))


def test_the_lags_grow_while_webcrm_is_silent_and_not_while_it_is_quiet(
    scenario: Scenario,
) -> None:
    scenario.add_contact(BO)
    scenario.poll_webcrm()
    assert lags(scenario).keys() == {"directory"}  # without a mailbox nothing is mirrored
    scenario.add_mailbox()
    scenario.poll_webcrm()
    wait_two_hours(scenario)
    assert max(lags(scenario).values()) < 60
    scenario.sandbox.faults.unavailable(service="webcrm", limit=5000)
    wait_two_hours(scenario)
    assert min(lags(scenario).values()) > 7000
    scenario.sandbox.faults.clear()
    wait_two_hours(scenario)
    assert lags(scenario).keys() == {"directory", "mirror"}
    assert max(lags(scenario).values()) < 60
