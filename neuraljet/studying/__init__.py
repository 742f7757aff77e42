"""Studies: a question as a file, its trainings as tasks of bnn.engines, the answer as a table of a CSV.

*.toml        the studies that come with the program: what is varied, over how many seeds, what is tabled
study.py      such a file, read and checked
cells.py      the file expanded: a cell for every combination and seed, a task for each
tasks/        what a cell does, a kind of task a file
running.py    the folder of a study: journal, records, tables, figure
rows.py       records as a CSV that is read back exactly
intervals.py, tables.py, figures.py, pages.py   what is made of the CSV
"""
