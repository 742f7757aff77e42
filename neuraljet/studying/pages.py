"""A page about a study: people write it, and what stands between two marks is made of the study's records."""

from bnn.errors import UserError

BEGIN, END = "<!-- made of the records: begin -->", "<!-- made of the records: end -->"


def between(page: str, where: str) -> str:
    """Return what stands between the marks of a page. UserError where they are not there, each once."""
    if page.count(BEGIN) != 1 or page.count(END) != 1 or page.index(BEGIN) > page.index(END):
        raise UserError(f"{where} needs one line '{BEGIN}' and below it one line '{END}'")
    return page.split(BEGIN)[1].split(END)[0].strip("\n")


def with_tables(page: str, tables: str, where: str) -> str:
    """Return the page with other tables between its marks."""
    between(page, where)
    head, tail = page.split(BEGIN)[0], page.split(END)[1]
    return f"{head}{BEGIN}\n\n{tables.strip()}\n\n{END}{tail}"
