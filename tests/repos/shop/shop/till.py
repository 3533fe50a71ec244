from shop import checkout


def ring_up(basket):
    total = 0
    for item in basket:
        total += checkout.price_after(item.discount)
    return total
