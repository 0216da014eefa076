"""Puts together, outside the repository, the applications that two documents describe in pieces.

Nothing of the documents is kept here: their code blocks are read when the tests run, and what a piece lacks to be run is added. Each
addition says why it is needed.
"""

import re
import sys
from pathlib import Path


class Absent(Exception):
    """The document is not on this machine."""


def blocks(document: Path) -> list[tuple[str, str]]:
    """The Python blocks, each with the heading it stands under."""
    heading, found, lines = "", [], None
    for line in document.read_text().splitlines():
        if lines is not None:
            if line.startswith("```"):
                found.append((heading, "\n".join(lines) + "\n"))
                lines = None
            else:
                lines.append(line)
        elif line.startswith("```python"):
            lines = []
        elif match := re.match(r"#+ (.*)", line):
            heading = match[1].strip()
    return found


def one(found: list[tuple[str, str]], heading: str, *, having: str = "") -> str:
    """The block under a heading, the one with a certain text where there are several."""
    fitting = [code for under, code in found if under == heading and having in code]
    if len(fitting) != 1:
        raise ValueError(f"{len(fitting)} blocks under {heading!r} have {having!r}")
    return fitting[0]


def named(seeds: Path, start: str) -> Path:
    """The document whose name starts so."""
    found = sorted(seeds.glob(f"{start}_*.txt"))
    if not found:
        raise Absent(f"{seeds} has no document {start}")
    return found[0]


DATABASE = """
from sqlalchemy import create_engine
from sqlalchemy.orm import sessionmaker
from sqlalchemy.pool import StaticPool

# One database in memory, for all threads.
engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
SessionLocal = sessionmaker(bind=engine)
"""


def runbook(seeds: Path, folder: Path) -> None:
    """The runbook's application: `main:app`."""
    found = blocks(named(seeds, "002"))
    (folder / "models.py").write_text(one(found, "models.py"))
    # Its annotations name a class that the file does not import.
    auth = "from sqlalchemy.orm import Session\n" + one(found, "auth.py")
    # A secret that is not set would be `None`.
    (folder / "auth.py").write_text("import os\nos.environ.setdefault('JWT_SECRET_KEY', 'k' * 32)\n" + auth)
    (folder / "dependencies.py").write_text(one(found, "dependencies.py"))
    # The document names the module and does not show it.
    (folder / "database.py").write_text(DATABASE)
    keys = one(found, "For service-to-service auth")
    # The key comes from the environment, and what is not set would let everybody in who sends none.
    keys = "import os\nos.environ.setdefault('API_KEY', 'the key of the service')\n" + keys
    (folder / "main.py").write_text(one(found, "main.py") + keys)


MODELS = '''
"""What the fragments of the module name and do not show."""
import hashlib, secrets, uuid
from datetime import datetime
from typing import Optional
from fastapi import APIRouter, Cookie, Depends, FastAPI, HTTPException, Response, Security
from fastapi.responses import RedirectResponse
from fastapi.security import SecurityScopes
from pydantic import BaseModel, ConfigDict
from sqlalchemy import Column, ForeignKey, String, Table, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, joinedload, mapped_column, relationship, selectinload, sessionmaker
from sqlalchemy.pool import StaticPool
from sqlalchemy import Uuid

UUID = lambda as_uuid=True: Uuid(as_uuid=True)
router = APIRouter()

class Base(DeclarativeBase):
    pass

class TimestampMixin:
    created_at: Mapped[datetime] = mapped_column(default=datetime.now)

class AsyncSession:
    """The synchronous session under the asynchronous names."""
    def __init__(self, session): self.session = session
    async def execute(self, statement): return self.session.execute(statement)
    async def get(self, kind, id):
        # A `sub` is text.
        return self.session.get(kind, uuid.UUID(id) if isinstance(id, str) else id)
    async def flush(self): self.session.commit()
    def add(self, one): self.session.add(one)

engine = create_engine("sqlite://", connect_args={"check_same_thread": False}, poolclass=StaticPool)
SessionLocal = sessionmaker(bind=engine)

async def get_session():
    session = SessionLocal()
    try:
        yield AsyncSession(session)
    finally:
        session.close()

revoked: set[str] = set()
revoked_users: set[str] = set()

async def is_token_revoked(session, token):
    claims = jwt.get_unverified_claims(token)
    return token in revoked or claims["sub"] in revoked_users

async def revoke_token(session, token):
    revoked.add(token)

async def revoke_all_user_tokens(session, user):
    revoked_users.add(user)

class UserResponse(BaseModel):
    model_config = ConfigDict(from_attributes=True)
    id: uuid.UUID
    email: str
    name: Optional[str]
    is_active: bool
'''

USER = '''
class User(Base):
    __tablename__ = "users"
    id: Mapped[uuid.UUID] = mapped_column(Uuid(), primary_key=True, default=uuid.uuid4)
    email: Mapped[str] = mapped_column(String, unique=True)
    name: Mapped[Optional[str]] = mapped_column(default=None)
    hashed_password: Mapped[str] = mapped_column(default="")
    is_active: Mapped[bool] = mapped_column(default=True)
    roles: Mapped[list["Role"]] = relationship(secondary="user_roles")
    api_keys: Mapped[list["ApiKey"]] = relationship(back_populates="user")
'''


def module04(seeds: Path, folder: Path) -> None:
    """The module's application: `main:app`."""
    found = blocks(named(seeds, "004"))
    password = one(found, "Password Hashing")
    tokens = one(found, "Token Creation and Verification")
    # One that is long enough not to be refused, and unlike every other.
    tokens = tokens.replace('"your-secret-key-from-env"', '"k" * 32')
    roles = one(found, "Database Model")
    # Each of two classes names the other, and Python reads one first.
    roles = roles.replace("Mapped[list[Permission]]", 'Mapped[list["Permission"]]')
    keys = one(found, "API Key Management")
    # The rotation copies a column that the model lacks.
    keys = keys.replace(
        "    is_active: Mapped[bool]", '    scopes: Mapped[str] = mapped_column(default="")\n    is_active: Mapped[bool]'
    )
    optional = """
async def get_current_user_optional(
    token: str | None = Depends(OAuth2PasswordBearer(tokenUrl="/auth/token", auto_error=False)),
    session: AsyncSession = Depends(get_session),
):
    if token is None:
        return None
    return await get_current_user(SecurityScopes(), token, session)
"""
    who = """
@router.get("/users/authenticated")
async def read_authenticated(user: User = Depends(get_authenticated_user)):
    return UserResponse.model_validate(user)
"""
    delete = one(found, "RBAC Dependencies")
    pieces = [
        MODELS,
        one(found, "OAuth2 with Password/Bearer Flow"),
        tokens,
        roles,
        USER,
        password,
        one(found, "Token Endpoint"),
        one(found, "Token Refresh with Rotation"),
        one(found, "The `get_current_user` Chain"),
        # The route of the posts needs models that the document does not show; the users are what is compared.
        one(found, "Using Auth in Routes").split('@router.put("/posts/')[0],
        delete.replace("    ...\n", "    return None\n"),
        keys[: keys.index("# Combined auth")],
        optional,
        keys[keys.index("# Combined auth") :],
        who,
        one(found, "Key Rotation"),
        one(found, "Social Auth (OAuth2 Authorization Code Flow)"),
        one(found, "Cookie-Based Auth"),
        "from urllib.parse import urlencode\nimport httpx\n",
        "app = FastAPI()\napp.include_router(router)\nBase.metadata.create_all(engine)\n",
    ]
    (folder / "main.py").write_text("\n".join(pieces))


if __name__ == "__main__":
    {"runbook": runbook, "module04": module04}[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
