"""A shopping basket; prices in cents."""


def total(prices: list[int], rebate: float = 0.0) -> int:
    """The sum of all prices less a rebate from 0 to 1, rounded to cents."""
    return round(sum(prices) * (1 - rebate))


def shipping(weight: float) -> int:
    """500 cents up to and including 2 kg, 900 up to and including 10 kg, then 1500."""
    if weight <= 2:
        return 500
    if weight <= 10:
        return 900
    return 1500


def cheapest(offers: dict[str, int]) -> str:
    """The name of the cheapest offer."""
    return min(offers, key=lambda name: offers[name])


def change(amount: int, coins: tuple[int, ...] = (200, 100, 50, 20, 10, 5, 2, 1)) -> list[int]:
    """An amount in coins, as few as possible, the largest first."""
    given = []
    for coin in coins:
        while amount >= coin:
            given.append(coin)
            amount -= coin
    return given
