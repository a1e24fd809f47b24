"""Lines of JSON with marks before their texts, and before numbers that would not be read as they are written."""

from __future__ import annotations

from pyspark.sql import Column
from pyspark.sql import functions as F

from platform_assets.landing.strict_json import QUOTED

TEXT = "_"
"""What stands before every text; no number, boolean, object or array starts with it."""
NUMBER = "#"
"""What stands before the numbers that were made texts."""
INEXACT = r"[0-9.]{16}|[0-9][eE][-+]?[0-9]"
"""Where numbers may stand that engines do not read as they are written: of many digits, or with an exponent.

One takes the double beside the nearest one (workaround: sail-json-inexact-numbers); the other the nearest one, which
a decimal is not (workaround: spark-json-numbers-as-doubles).
"""

_ONE_NUMBER = r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"
_BLANKS = r"[ \t\r\n]*"
_ALONE = rf"([:,\[]{_BLANKS})({_ONE_NUMBER})({_BLANKS}[,}}\]])"
_IN_A_TEXT = rf'"{TEXT}[^"]*[:,\[]{_BLANKS}-?[0-9][-+.0-9eE]*{_BLANKS}[,}}\]]'


def marked(line: Column) -> Column:
    """The line with a mark before each of its texts, so that `55` and `"55"` do not look the same when it is parsed."""
    # Written as codes, no escaped quote or backslash is left: the next quote ends a text, then.
    as_codes = F.replace(F.replace(line, F.lit("\\\\"), F.lit("\\u005c")), F.lit('\\"'), F.lit("\\u0022"))
    line = F.when(line.contains("\\"), as_codes).otherwise(line)
    return F.regexp_replace(line, QUOTED, f'"{TEXT}$1"')


def with_numbers_as_texts(marked_line: Column) -> Column:
    """A marked line with its numbers as texts; what is no number is left as it is, and some numbers of arrays are."""
    at_once = F.regexp_replace(marked_line, _ALONE, f'$1"{NUMBER}$2"$3')

    # Between quotes are the parts of odd places.
    def outside(part: Column, place: Column) -> Column:
        return F.when(place % 2 == 0, F.regexp_replace(part, _ONE_NUMBER, f'"{NUMBER}$0"')).otherwise(part)

    parts = F.transform(F.split(marked_line, '"'), outside)
    return F.when(marked_line.rlike(_IN_A_TEXT), F.array_join(parts, '"')).otherwise(at_once)
