"""Measure what is learned: networks that fit their hardware beside HOG with a support vector machine and float.

    make benchmark-learning ARGS="--only screws lemon-25 --columns hog float pixel --seeds 0 1 2 --synth --verify"
    python -m tests.benchmarks.learning --table            # prints what was measured, runs nothing

`rows` says on which pictures, `columns` what is measured on them, `records` how it is kept, `table` how it is printed.
"""
