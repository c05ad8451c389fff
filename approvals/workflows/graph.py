"""Where the steps of a bundle lead: circles, and steps that are never reached. Pure."""

# What follows each step after success and after failure; None is the end.
Targets = dict[str, tuple[str | None, str | None]]


def cycles(targets: Targets) -> list[str]:
    """Return a complaint for each way round: a workflow that may come back may never end."""
    found: list[str] = []
    safe: set[str] = set()
    for start in targets:
        _walk(start, [], targets, safe, found)
    return found


def _walk(step: str, path: list[str], targets: Targets, safe: set[str], found: list[str]) -> None:
    if step in path:
        way = " -> ".join([*path[path.index(step) :], step])
        found.append(f"workflow.steps: {way} goes in a circle; let the last lead on or to the end")
        return
    if step in safe:
        return
    for target in targets[step]:
        if target in targets:
            _walk(str(target), [*path, step], targets, safe, found)
    safe.add(step)


def surprises(targets: Targets, entry: str, paths: dict[str, str]) -> list[str]:
    """Return what the author of a bundle may not have meant."""
    reached = _reached(targets, entry)
    never = [f"{paths[id]}: {id} is never reached" for id in targets if id not in reached]
    handlers = {after for _, after in targets.values() if after}
    return never + [
        f"{paths[success]}: {success} is for the failure of another step, but comes after {id} "
        'succeeds as well; write "on_success": "end" there if it should not'
        for id, (success, failure) in targets.items()
        if success in handlers and success != failure and id in reached
    ]


def _reached(targets: Targets, entry: str) -> set[str]:
    reached: set[str] = set()
    todo: list[str] = [entry]
    while todo:
        step = todo.pop()
        if step not in reached:
            reached.add(step)
            todo += [target for target in targets[step] if target]
    return reached
