"""Write what the network says of every drawn world: `python -m tests.scenes.make_scores`."""

from __future__ import annotations

import numpy as np

from scenes.cuts_transnet import TransNetScorer
from tests.scenes import worlds


def main() -> None:
    scores = {}
    for name, film in worlds.WORLDS.items():
        scorer = TransNetScorer()
        small = worlds.small(film())
        scores[name] = np.concatenate([scorer.push(small), scorer.finish()]).round(4)
    np.savez_compressed(worlds.SCORES_FILE, **scores)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
