"""Nothing is asked of a moment twice, and what is known is told of the right one."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from identity.evidence.moments import Moments
from identity.explanations.asked import Asked, _key_of


def moments(*rows):
    """Return moments of (start, last, first, stop)."""
    return Moments(*np.array(rows, np.int64).reshape(-1, 4).T)


class Questions:
    """Answers with where a moment begins, which can be judged if that is even; keeps count."""

    def __init__(self):
        self.asked: list[list[int]] = []

    def ask(self, some):
        self.asked.append(some.start.tolist())
        return {"start": some.start.astype(float)}, some.start % 2 == 0


SAMPLES: Any = SimpleNamespace(parts=lambda at: [np.arange(len(at))])
WEIGH: Any = SimpleNamespace(log_odds=lambda features: 10 * features["start"])
KNOWN = moments((1, 3, 3, 5), (2, 4, 4, 6), (4, 5, 6, 9), (6, 7, 7, 9))


def after(known, some):
    questions = Questions()
    answers = known.of(SAMPLES, some, questions.ask, WEIGH)
    return answers, questions.asked


def test_no_question_has_no_answer():
    nothing = Asked.nothing()
    parts = (nothing.moments, nothing.judged, nothing.log_odds)
    assert [len(part) for part in parts] == [0, 0, 0]
    assert nothing.judged.dtype == bool
    known, _ = after(nothing, KNOWN)
    answers, asked = after(known, moments())
    assert (len(answers.moments), asked) == (0, [])


@pytest.mark.parametrize(
    ("some", "asked"),
    [
        pytest.param(KNOWN, [], id="all were asked"),
        pytest.param(KNOWN.take(np.array([2, 0])), [], id="some of them, in another order"),
        pytest.param(moments((2, 4, 4, 6), (3, 4, 4, 6)), [[3]], id="one began later"),
        pytest.param(moments((2, 4, 4, 6), (2, 4, 5, 7)), [[2]], id="one has a gap"),
        pytest.param(moments((2, 4, 4, 6), (2, 4, 4, 7)), [[2]], id="one ends later"),
        pytest.param(moments((2, 4, 4, 6), (12, 14, 14, 16)), [[12]], id="one lies elsewhere"),
        pytest.param(moments((3, 4, 4, 6), (5, 7, 7, 9)), [[3, 5]], id="all are new"),
        pytest.param(
            moments((9, 11, 11, 12), (4, 5, 6, 9), (0, 1, 1, 2)), [[9, 0]],
            id="before and after all that are known",
        ),
    ],
)  # fmt: skip
def test_only_what_is_new_is_asked(some, asked):
    known, first = after(Asked.nothing(), KNOWN)
    assert first == [[1, 2, 4, 6]]
    answers, then = after(known, some)
    assert then == asked
    assert answers.moments is some
    assert answers.judged.tolist() == (some.start % 2 == 0).tolist()
    assert answers.judged.dtype == bool
    assert answers.log_odds.tolist() == (10 * some.start).tolist()


def test_parts_of_a_take_keep_their_places():
    """Of a long take the moments are asked about in two parts, here every other one."""
    samples: Any = SimpleNamespace(parts=lambda at: [np.array([1, 3]), np.array([0, 2])])
    questions = Questions()
    found = Asked.about(samples, KNOWN, questions.ask, WEIGH)
    assert questions.asked == [[2, 6], [1, 4]]
    assert found.log_odds.tolist() == [10, 20, 40, 60]
    assert found.judged.tolist() == [False, True, True, True]


def test_moments_of_other_windows_are_others():
    """A window is less than 4096 samples long, whatever the take is."""
    rows = [
        (0, 1, 1, 2), (0, 1, 1, 3), (0, 1, 2, 3), (0, 2, 2, 3), (1, 2, 2, 3), (1, 2, 2, 4097),
        (0, 3, 3, 4), (1, 3, 3, 4),
    ]  # fmt: skip
    late = [tuple(one + 4_000_000 for one in row) for row in rows]
    assert len(set(_key_of(moments(*rows, *late)).tolist())) == 16
