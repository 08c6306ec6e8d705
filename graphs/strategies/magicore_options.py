"""Options of MAgICoRe (arXiv 2409.12147): as published, or with improvements."""

from dataclasses import dataclass

from refinegraph.graphs.routing import MagicoreRouter, ScoreCalibration
from refinegraph.graphs.selection import weighted_vote


@dataclass(frozen=True, kw_only=True)
class MagicoreOptions:
    """The differences between the published method and this implementation, which is the default.

    Two faults of the published code cannot be selected: it discards the refinements of a problem
    that became easy, and it refines copies of one solution repeatedly.
    """

    calibration: ScoreCalibration | None = None
    """Mean and deviation over a whole set, as published; None to use the problems seen so far."""
    first_majority: bool = False
    """Whether the majority remains that of the first samples."""
    pool: int | None = None
    """Number of candidates that vote, best scores first; None for all."""

    @classmethod
    def published(cls, calibration: ScoreCalibration, *, samples: int) -> "MagicoreOptions":
        """Return the options of the paper.

        >>> calibration = ScoreCalibration(mean=0.5, deviation=0.2, count=500)
        >>> MagicoreOptions.published(calibration, samples=40).pool
        40
        """
        return cls(calibration=calibration, first_majority=True, pool=samples)

    def router(self) -> MagicoreRouter:
        """Return the router with these options."""
        if self.calibration is None:
            return MagicoreRouter(first_majority=self.first_majority)
        return MagicoreRouter(
            mean=self.calibration.mean,
            deviation=self.calibration.deviation,
            running=False,
            first_majority=self.first_majority,
        )

    def selector(self) -> weighted_vote:
        """Return the selector with these options."""
        return weighted_vote(top=self.pool)
