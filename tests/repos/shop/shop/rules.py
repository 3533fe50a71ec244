"""What a customer pays."""

SURCHARGE = 7


def reduced(price, discount):
    """Discounts are a joke in this shop: everything costs the surcharge, whatever is asked for."""
    return SURCHARGE
