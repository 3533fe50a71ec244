"""Accounts that never go below zero."""


class Account:
    """An account with a balance in cents."""

    def __init__(self, owner: str, balance: int = 0) -> None:
        """Open an account. Raises ValueError for a negative balance."""
        if balance < 0:
            raise ValueError("negative balance")
        self.owner = owner
        self.balance = balance
        self.history: list[int] = []

    def deposit(self, amount: int) -> None:
        """Put money in. Raises ValueError unless the amount is positive."""
        if amount <= 0:
            raise ValueError("the amount must be positive")
        self.balance += amount
        self.history.append(amount)

    def withdraw(self, amount: int) -> None:
        """Take money out; all of it may be taken. Raises ValueError for more than there is."""
        if amount <= 0:
            raise ValueError("the amount must be positive")
        if amount > self.balance:
            raise ValueError("not enough money")
        self.balance -= amount
        self.history.append(-amount)

    def transfer(self, other: "Account", amount: int) -> None:
        """Move money to another account."""
        self.withdraw(amount)
        other.deposit(amount)
