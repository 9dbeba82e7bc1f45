"""What one call may cost, what is set aside for it, and what it has used in the end."""

from gatebook.policy.limits.bounds import UNBOUND, Bounds
from gatebook.policy.limits.demand import NOTHING, Came, Charge, Demand, Worst, charge
from gatebook.policy.limits.prices import Price
from gatebook.policy.limits.purse import Reservation


class Holding:
    """Made when a call is permitted; settled once, when how it ended is about to be recorded."""

    __slots__ = ("_is_settled", "_price", "_reservation", "bounds", "limits", "most")

    def __init__(
        self,
        price: Price | None = None,
        bounds: Bounds = UNBOUND,
        most: Worst | None = None,
        reservation: Reservation | None = None,
    ) -> None:
        self.bounds = bounds
        """The limits that bind its agent."""
        self.most = most
        self.limits = reservation.limits if reservation else []
        """Those of them that it counts against, by id."""
        self._price = price
        self._reservation = reservation
        self._is_settled = False

    def settle(self, came: Came) -> Charge:
        """The call is over: what it has used counts, the rest comes back."""
        charged = charge(came, self.most, self._price)
        self._give_back(Demand(1, charged.tokens, charged.money) if came.has_left else NOTHING)
        return charged

    def let_go(self) -> None:
        """Give back everything, unless the call was settled."""
        if not self._is_settled:
            self._give_back(NOTHING)

    def _give_back(self, used: Demand) -> None:
        self._is_settled = True
        if self._reservation is not None:
            self._reservation.settle(used)
