"""Another webCRM or key field than the one in use."""

from __future__ import annotations

import pytest

from webcrm_sync.core.webcrm_in_use import Decision, Sample, WebCrmInUse, decide, is_same_system

USED = WebCrmInUse("ActivityCustom15", "a")


@pytest.mark.parametrize(
    ("known", "configured", "has_filings", "decision"),
    [
        (USED, USED, True, Decision.GO_ON),
        (USED, USED, False, Decision.GO_ON),
        (WebCrmInUse(None, None), USED, False, Decision.REMEMBER),
        (WebCrmInUse(None, None), USED, True, Decision.COMPARE),
        (USED, WebCrmInUse("ActivityCustom15", "b"), True, Decision.COMPARE),
        (USED, WebCrmInUse("ActivityCustom15", "b"), False, Decision.REMEMBER),
        (USED, WebCrmInUse("ActivityCustom1", "a"), True, Decision.REFUSE_FIELD),
        (USED, WebCrmInUse("ActivityCustom1", "b"), True, Decision.REFUSE_FIELD),
        (USED, WebCrmInUse("ActivityCustom1", "a"), False, Decision.REMEMBER),
    ],
)
def test_only_what_may_double_is_compared_or_refused(
    known: WebCrmInUse, configured: WebCrmInUse, has_filings: bool, decision: Decision
) -> None:
    assert decide(known, configured, has_filings=has_filings) is decision


@pytest.mark.parametrize(
    ("samples", "is_same"),
    [
        ([], True),
        ([Sample.MISSING, Sample.OTHER_KEY, Sample.OUR_KEY], True),
        ([Sample.MISSING, Sample.SAME_PERSON], True),
        ([Sample.OTHER_KEY, Sample.SAME_PERSON], False),
        ([Sample.MISSING, Sample.MISSING], False),
    ],
)
def test_one_record_is_enough_unless_the_key_is_in_another_field(
    samples: list[Sample], is_same: bool
) -> None:
    assert is_same_system(samples) is is_same
