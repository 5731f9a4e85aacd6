# expect {"status": "ok", "output": "name? age? Ada is 36", "error": "", "request": {"stdin": "Ada\n36\n"}}
name = input("name? ")
age = int(input("age? "))
print(name, "is", age)
