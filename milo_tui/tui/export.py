"""Writing an exported text to a file, and saying where it lies."""

from pathlib import Path


def write(name: str, text: str, folder: Path) -> str:
    """Write to the results' folder, else to the working directory; a sentence says where, or why not."""
    problem = ""
    for place in (folder, Path.cwd()):
        try:
            place.mkdir(parents=True, exist_ok=True)
            (place / name).write_text(text, encoding="utf-8")
        except OSError as error:
            problem = problem or f"{place / name} cannot be written ({error.strerror or 'error'})"
        else:
            return f"Written to {place / name}." + (f" {problem}." if problem else "")
    return f"{problem}; nothing was exported."
