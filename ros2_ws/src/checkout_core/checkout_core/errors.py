"""The one error a user sees."""


class CheckoutError(Exception):
    """Say in one sentence what is wrong and what to do about it.

    Command lines print the message without a traceback and exit with status 2, so the sentence has to stand alone:
    name the file, the parameter or the device, and the command or the change that cures it.
    """
