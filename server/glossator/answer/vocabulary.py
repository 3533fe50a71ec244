"""Names of the standard libraries that have one meaning wherever they are used, and the statement that brings each in.

A name that another library or the project may define as well is not in here: no import is guessed for it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """One language's names.

    Attributes:
        use: How one is used; the group is the name.
        homes: Name to the header, package or module that defines it.
        statement: With `{home}` and `{name}`.
        whole: With `{home}`: what brings in everything of a home, so that nothing is missing; "": the statement does.
    """

    use: re.Pattern[str]
    homes: Mapping[str, str]
    statement: str
    whole: str = ""

    def row(self, name: str) -> str:
        """The statement for `name`."""
        return self.statement.format(home=self.homes[name], name=name)


def _homes(table: Mapping[str, str]) -> dict[str, str]:
    return {name: home for home, names in table.items() for name in names.split()}


_C = {
    "ctype.h": "isalnum isalpha isdigit islower isspace isupper isxdigit tolower toupper",
    "limits.h": "INT_MAX INT_MIN LONG_MAX LONG_MIN UINT_MAX",
    "math.h": "ceil fabs floor fmod pow round sqrt",
    "stdbool.h": "bool",
    "stdint.h": "int8_t int16_t int32_t int64_t uint8_t uint16_t uint32_t uint64_t",
    "stdio.h": "fclose fgets fopen fprintf fputs printf puts snprintf",
    "stdlib.h": "abs bsearch calloc exit free malloc qsort realloc strtol",
    "string.h": "memcmp memcpy memmove memset strcat strchr strcmp strcpy strlen strncmp strncpy strrchr strstr",
}
_CPP = {
    "algorithm": """
        all_of any_of clamp copy copy_if count count_if equal fill find find_if for_each lower_bound max max_element min
        min_element minmax_element none_of remove_if replace reverse sort stable_sort transform unique upper_bound
    """,
    "array": "array",
    "cmath": "ceil floor pow sqrt",
    "functional": "function greater less plus",
    "iterator": "back_inserter next prev",
    "map": "map",
    "memory": "make_shared make_unique shared_ptr unique_ptr",
    "numeric": "accumulate gcd inner_product iota lcm partial_sum",
    "optional": "nullopt optional",
    "set": "set",
    "sstream": "istringstream ostringstream stringstream",
    "stdexcept": "invalid_argument logic_error out_of_range runtime_error",
    "string": "string to_string",
    "string_view": "string_view",
    "tuple": "tie tuple",
    "unordered_map": "unordered_map",
    "unordered_set": "unordered_set",
    "utility": "exchange make_pair move pair",
    "vector": "vector",
}
_GO_PACKAGES = (
    "bytes",
    "errors",
    "fmt",
    "maps",
    "math",
    "os",
    "slices",
    "sort",
    "strconv",
    "strings",
    "time",
    "unicode",
)
_GO = {name: name for name in _GO_PACKAGES}
_JAVA = {
    "java.util": """
        ArrayDeque ArrayList Arrays Collection Collections Comparator Deque HashMap HashSet Iterator LinkedHashMap
        LinkedHashSet List Map NoSuchElementException Objects Optional OptionalInt Set StringJoiner TreeMap TreeSet
    """,
    "java.util.function": "BiFunction BinaryOperator Function Predicate Supplier UnaryOperator",
    "java.util.stream": "Collectors IntStream LongStream Stream",
}
_RUST = {
    "std::borrow": "Cow",
    "std::collections": "BTreeMap BTreeSet BinaryHeap HashMap HashSet VecDeque",
    "std::rc": "Rc",
    "std::sync": "Arc Mutex RwLock",
}

VOCABULARIES = {
    "c": Vocabulary(re.compile(r"(?<![\w.>])([A-Za-z_]\w*)"), _homes(_C), "#include <{home}>"),
    "cpp": Vocabulary(re.compile(r"\bstd::(\w+)"), _homes(_CPP), "#include <{home}>"),
    "go": Vocabulary(re.compile(r"(?<![\w.])([a-z]+)\.(?=[A-Z])"), _GO, 'import "{home}"'),
    "java": Vocabulary(
        re.compile(r"(?<![\w.])([A-Z]\w*)"), _homes(_JAVA), "import {home}.{name};", whole="import {home}.*;"
    ),
    "rust": Vocabulary(
        re.compile(r"(?<![\w:.])([A-Z]\w*)"), _homes(_RUST), "use {home}::{name};", whole="use {home}::*;"
    ),
}
"""By language id. Python's, which has typing's names alone, is in `imports.py`."""
