"""The short form of `make moves`: real processes, faults, lost notifications, sudden death."""

from __future__ import annotations

from moves.run import Plan, play


def test_five_hundred_random_moves_lose_and_double_nothing() -> None:
    outcome = play(Plan(500, seed=20261123, moves_a_second=40, kill_every_s=6, patience_s=300))
    assert outcome.ledger.is_clean, f"\n{outcome}"
    assert outcome.kills >= 1, f"nobody was killed\n{outcome}"
    assert outcome.faults.total() >= 10, f"hardly anything failed\n{outcome}"
