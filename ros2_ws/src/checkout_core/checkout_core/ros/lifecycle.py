"""A lifecycle node whose errors are not swallowed."""

from __future__ import annotations

import traceback
from typing import Any

from rclpy.lifecycle import LifecycleNode, LifecycleState, TransitionCallbackReturn

from checkout_core.errors import CheckoutError

__all__ = ['ManagedNode']


class ManagedNode(LifecycleNode):
    """Map `configure`, `activate`, `deactivate` and `cleanup` to the transitions of a lifecycle node.

    rclpy turns an exception in `on_configure` into the state *unconfigured* and tells nobody why. Here a subclass
    overrides the four methods and raises what it likes:

    - asked for through the service `~/change_state`, the transition fails and the sentence is logged as an error;
    - in `autostart`, which the constructor of the subclass calls last, the exception goes on to `run_node`: one
      sentence and exit status 2 for a CheckoutError.

    `cleanup` undoes `configure`; it is also called when `configure` or `activate` failed, when the node is shut down,
    and by `destroy_node`, so it must bear to be called on what was never made, and twice.
    """

    def __init__(self, node_name: str, **kwargs: Any) -> None:
        """Create the node in the state *unconfigured*; keyword arguments are those of `rclpy.node.Node`."""
        super().__init__(node_name, **kwargs)
        self._active = False
        self._failure: Exception | None = None

    @property
    def is_active(self) -> bool:
        """Return whether the node is in the state *active*; inputs are ignored otherwise."""
        return self._active

    def configure(self) -> None:
        """Load models and devices, and warm up, so that the first frame is as fast as the others."""

    def activate(self) -> None:
        """Begin to answer inputs."""

    def deactivate(self) -> None:
        """Stop answering inputs; what was configured stays."""

    def cleanup(self) -> None:
        """Give back what `configure` took."""

    def autostart(self) -> None:
        """Configure and activate at once. Raises what `configure` or `activate` raised."""
        for transition in (self.trigger_configure, self.trigger_activate):
            if transition() != TransitionCallbackReturn.SUCCESS:
                raise self._failure or RuntimeError(f'{transition.__name__} failed')

    def on_configure(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Call `configure` and the managed entities."""
        return self._attempt(self.configure, super().on_configure, state)

    def on_activate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Call `activate` and the managed entities."""
        result = self._attempt(self.activate, super().on_activate, state)
        self._active = result == TransitionCallbackReturn.SUCCESS
        return result

    def on_deactivate(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Call `deactivate` and the managed entities."""
        self._active = False
        return self._attempt(self.deactivate, super().on_deactivate, state)

    def on_cleanup(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Call `cleanup` and the managed entities."""
        return self._attempt(self.cleanup, super().on_cleanup, state)

    def on_shutdown(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Call `cleanup` and the managed entities."""
        self._active = False
        return self._attempt(self.cleanup, super().on_shutdown, state)

    def on_error(self, state: LifecycleState) -> TransitionCallbackReturn:
        """Call `cleanup`; the node is unconfigured afterwards and may be configured again."""
        self._active = False
        return self._attempt(self.cleanup, super().on_error, state, keep=True)

    def destroy_node(self) -> None:
        """Call `cleanup` and destroy the node."""
        self._active = False
        self.cleanup()
        super().destroy_node()

    def _attempt(self, action: Any, on: Any, state: LifecycleState, *, keep: bool = False) -> TransitionCallbackReturn:
        try:
            action()
            return on(state)
        except Exception as error:
            if not keep:
                self._failure = error
            detail = str(error) if isinstance(error, CheckoutError) else traceback.format_exc()
            self.get_logger().error(f'{action.__name__} failed: {detail}')
            return TransitionCallbackReturn.ERROR
