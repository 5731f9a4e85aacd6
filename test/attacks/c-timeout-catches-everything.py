# expect {"status": "timeout", "error": "Execution timed out after 1 second", "request": {"timeoutSeconds": 1}}
while True:
    try:
        while True:
            pass
    except BaseException:
        pass
    finally:
        continue
