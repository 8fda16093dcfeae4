"""Measures how well the product and libraries find the new text of mails that quote older ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from statistics import fmean, median

from bench.quotes.libraries import READERS, Left
from quotes.cases import Case, all_cases

_LISTED = 12
#: The columns of the table, with the cases in each.
_GROUPS: dict[str, Callable[[Case], bool]] = {
    "all": lambda case: True,
    "text": lambda case: not case.is_html,
    "HTML": lambda case: case.is_html,
    "kept": lambda case: case.is_kept,
    "unseen": lambda case: not case.is_tuned,
}


def measure_quotes() -> None:
    """Print the table, and the mails that the product cuts wrongly."""
    cases = all_cases()
    sizes = ", ".join(f"{name} {sum(map(of, cases))}" for name, of in _GROUPS.items())
    print(f"quotes: {len(cases)} mails ({sizes}); exact / F1 of words, signatures not counted")
    print("  kept: nothing may be cut. unseen: the half that was not used to write the rule")
    print(f"  {'':<20}" + "".join(f"{name:>16}" for name in _GROUPS) + f"{'median':>10} ms")
    for name, reader in READERS.items():
        left = reader()(cases)
        _print(name, cases, left)
        if name == "the product":
            wrong = [c.name for c, x in zip(cases, left, strict=True) if not _is_exact(c, x.text)]
            print(f"  {len(wrong)} wrong: {', '.join(wrong[:_LISTED])}" if wrong else "", end="")


def _print(name: str, cases: list[Case], left: list[Left]) -> None:
    line = f"  {name:<20}"
    for of in _GROUPS.values():
        chosen = [(c, x.text) for c, x in zip(cases, left, strict=True) if of(c)]
        exact = fmean(_is_exact(case, text) for case, text in chosen)
        line += f"{exact:>9.3f} /{fmean(_f1(case, text) for case, text in chosen):.3f}"
    print(f"{line}{median(x.ms for x in left):>10.2f}", flush=True)


def _is_exact(case: Case, text: str) -> bool:
    return text.split() in [right.split() for right in case.rights]


def _f1(case: Case, text: str) -> float:
    """The F1 score of the words, against the right text that fits best."""
    return max(_f1_of(Counter(text.split()), Counter(right.split())) for right in case.rights)


def _f1_of(found: Counter[str], right: Counter[str]) -> float:
    shared = (found & right).total()
    return 2 * shared / (found.total() + right.total()) if shared else 0.0
