import getpass
import pathlib
import sys

from greet import greeting

text = greeting(getpass.getuser())
print(text)
if "--save" in sys.argv:
    pathlib.Path.home().joinpath(".greeting").write_text(text + "\n")
