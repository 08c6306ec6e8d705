"""MAgICoRe (arXiv 2409.12147): as it was published where asked for, mended otherwise."""

from dataclasses import dataclass

from refinegraph.graphs.routing import MagicoreRouter, ScoreCalibration
from refinegraph.graphs.selection import weighted_vote


@dataclass(frozen=True, kw_only=True)
class MagicoreOptions:
    """Where the published method and ours differ; the defaults are ours.

    Two faults of the published code are not offered: it forgets what was refined of a problem that
    became easy, and it refines copies of one solution over and over.
    """

    calibration: ScoreCalibration | None = None
    """Mean and deviation of a whole set, as published; those of the problems seen so far if None.
    """
    first_majority: bool = False
    """Whether the majority stays that of the first samples."""
    pool: int | None = None
    """How many candidates vote, best scores first; all of them if None."""

    @classmethod
    def published(cls, calibration: ScoreCalibration, *, samples: int) -> "MagicoreOptions":
        """Return the options of the paper.

        >>> found = ScoreCalibration(mean=0.5, deviation=0.2, count=500)
        >>> MagicoreOptions.published(found, samples=40).pool
        40
        """
        return cls(calibration=calibration, first_majority=True, pool=samples)

    def router(self) -> MagicoreRouter:
        """Return the router."""
        if self.calibration is None:
            return MagicoreRouter(first_majority=self.first_majority)
        return MagicoreRouter(
            mean=self.calibration.mean,
            deviation=self.calibration.deviation,
            running=False,
            first_majority=self.first_majority,
        )

    def selector(self) -> weighted_vote:
        """Return the vote."""
        return weighted_vote(top=self.pool)
