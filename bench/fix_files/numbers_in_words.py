"""Whole numbers: digits, divisors, primes."""


def digits(number: int) -> list[int]:
    """The decimal digits of a number that is not negative, the highest first."""
    found = [number % 10]
    while number >= 10:
        number //= 10
        found.append(number % 10)
    return found[::-1]


def gcd(a: int, b: int) -> int:
    """The greatest common divisor."""
    while b:
        a, b = b, a % b
    return abs(a)


def is_prime(number: int) -> bool:
    """Whether a number is prime."""
    if number < 2:
        return False
    divisor = 2
    while divisor * divisor <= number:
        if number % divisor == 0:
            return False
        divisor += 1
    return True


def collatz(number: int) -> int:
    """How many steps it takes to reach 1: halve an even number, else three times the number plus one."""
    steps = 0
    while number != 1:
        number = number // 2 if number % 2 == 0 else 3 * number + 1
        steps += 1
    return steps
