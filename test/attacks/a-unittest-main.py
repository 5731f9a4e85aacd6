# expect {"status": "error", "output": "", "error": "Exited with code 1", "exitCode": 1, "stderrMatches": "^\\.F\n[^]*File \"[^\"]*main\\.py\", line 7, in test_wrong\n[^]*FAILED \\(failures=1\\)\n$"}
import unittest
class Sums(unittest.TestCase):
    def test_right(self):
        self.assertEqual(2 + 2, 4)
    def test_wrong(self):
        self.assertEqual(2 + 2, 5)
unittest.main()
