# expect {"status": "ok", "output": "1", "error": ""}
if __name__ == "__main__":
    print(1)
