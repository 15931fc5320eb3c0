import os
import unittest
from unittest import mock

from greet import greeting


class Greeting(unittest.TestCase):
    def test_uses_the_environment(self) -> None:
        with mock.patch.dict(os.environ, {"GREETING": "Ahoy"}):
            self.assertEqual(greeting("Ada"), "Ahoy, Ada!")


if __name__ == "__main__":
    unittest.main()
