"""`python -m deploy.contracts`: write `docs/contracts` anew."""

from deploy.contracts.documents import FOLDER, documents, write

if __name__ == "__main__":
    print("\n".join(write(documents())) or f"{FOLDER} is what the code says")
