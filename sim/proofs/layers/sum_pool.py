"""Sum-pooling is not proved yet: what its windows have counted stands in a memory from pixel to pixel."""

from finn_build.recognise import Stage
from sim.proofs.layers.prover import NOT_COVERED, Answer, Prover, Question

WHY = (
    "its windows count in a memory from pixel to pixel, which no proof follows yet; nj_sum_pool is proved "
    "in small configurations"
)


class SumPoolProver(Prover):
    """Says why there is no proof."""

    def takes(self, stage: Stage) -> bool:
        return stage.operator in ("SumPool_rtl", "SumPoolScores_rtl")

    def answer(self, question: Question) -> Answer:
        return Answer(NOT_COVERED, WHY)
