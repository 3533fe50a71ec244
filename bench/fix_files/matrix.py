"""Matrices as lists of rows."""

Matrix = list[list[float]]


def transpose(matrix: Matrix) -> Matrix:
    """Rows become columns."""
    return [list(column) for column in zip(*matrix)]


def multiply(left: Matrix, right: Matrix) -> Matrix:
    """The product of two matrices whose sizes fit. Raises ValueError where they do not."""
    if len(left[0]) != len(right):
        raise ValueError("the sizes do not fit")
    result = []
    for row in left:
        result.append([sum(a * b for a, b in zip(row, column)) for column in transpose(right)])
    return result


def identity(size: int) -> Matrix:
    """Ones on the diagonal, zeros elsewhere."""
    return [[1.0 if row == column else 0.0 for column in range(size)] for row in range(size)]


def trace(matrix: Matrix) -> float:
    """The sum of the diagonal of a square matrix."""
    total = 0.0
    for index in range(len(matrix)):
        total += matrix[index][index]
    return total
