from .rules import reduced


def price_after(discount):
    return reduced(100, discount)
