"""The drawing set: icons on a 16 grid, stroked in the colour of the text beside them."""

PATHS = {
    "logo": '<path d="M2.5 13.75h11M3.5 7.5l3.25 3.25L13 2.75"/>',
    "check": '<path d="M3 8.5l3.25 3.25L13 4.75"/>',
    "cross": '<path d="M4.25 4.25l7.5 7.5M11.75 4.25l-7.5 7.5"/>',
    "edit": '<path d="M10.75 3.25l2 2L5.5 12.5l-2.75.75.75-2.75z"/>',
    "clock": '<circle cx="8" cy="8" r="5.75"/><path d="M8 4.75V8l2.25 1.5"/>',
    "tray": (
        '<path d="M2.5 9.25l2-5.75h7l2 5.75v3.25h-11z"/>'
        '<path d="M2.5 9.25h3.25l.75 1.5h3l.75-1.5h3.25"/>'
    ),
    "group": (
        '<circle cx="6" cy="5.5" r="2.25"/>'
        '<path d="M2 13c0-2.4 1.7-4 4-4s4 1.6 4 4M10.5 3.5a2.25 2.25 0 0 1 0 4M11.75 '
        '9.4c1.4.55 2.25 1.8 2.25 3.6"/>'
    ),
    "others": (
        '<path d="M4.5 2.5h7M4.5 13.5h7M5 2.5c0 3 3 3.8 3 5.5s-3 2.5-3 5.5M11 2.5c0 3-3 '
        '3.8-3 5.5s3 2.5 3 5.5"/>'
    ),
    "done": '<circle cx="8" cy="8" r="5.75"/><path d="M5.5 8.25l1.75 1.75 3.25-3.75"/>',
    "agent": (
        '<rect x="2" y="3" width="12" height="10" rx="1.5"/>'
        '<path d="M4.75 6.25L6.75 8l-2 1.75M8.5 10h2.75"/>'
    ),
    "gear": (
        '<circle cx="8" cy="8" r="2"/>'
        '<path d="M8 2v1.75M8 12.25V14M2 8h1.75M12.25 8H14M3.75 3.75L5 5M11 11l1.25 '
        '1.25M12.25 3.75L11 5M5 11l-1.25 1.25"/>'
    ),
    "key": ('<circle cx="5.25" cy="10.75" r="2.5"/><path d="M7 9l5.75-5.75M10.5 5.5l1.75 1.75"/>'),
    "verified": (
        '<path d="M8 2l4.75 1.75V7.5c0 3-2 5.25-4.75 6.25C5.25 12.75 3.25 10.5 3.25 '
        '7.5V3.75z"/>'
        '<path d="M6 7.75l1.5 1.5 2.75-3"/>'
    ),
    "copy": (
        '<rect x="5.5" y="5.5" width="8" height="8" rx="1"/>'
        '<path d="M10.5 5.5v-2a1 1 0 0 0-1-1h-6a1 1 0 0 0-1 1v6a1 1 0 0 0 1 1h2"/>'
    ),
    "up": '<path d="M4 10l4-4 4 4"/>',
    "down": '<path d="M4 6l4 4 4-4"/>',
    "theme": (
        '<circle cx="8" cy="8" r="5.5"/><path class="solid" d="M8 2.5a5.5 5.5 0 0 1 0 11z"/>'
    ),
    "comment": '<path d="M2.75 3.5h10.5v7.25H7.25L4.5 13v-2.25H2.75z"/>',
    "mail": (
        '<rect x="2" y="3.5" width="12" height="9" rx="1"/><path d="M2.5 4.5L8 8.75l5.5-4.25"/>'
    ),
    "api": (
        '<path d="M6 3.25c-1.5 0-1.75.75-1.75 2S4.25 7.5 3 8c1.25.5 1.25 1.5 1.25 '
        "2.75s.25 2 1.75 2M10 3.25c1.5 0 1.75.75 1.75 2S11.75 7.5 13 8c-1.25.5-1.25 "
        '1.5-1.25 2.75s-.25 2-1.75 2"/>'
    ),
    "desk": (
        '<rect x="2" y="3" width="12" height="7.75" rx="1"/><path d="M5.75 13.25h4.5M8 10.75v2.5"/>'
    ),
    "low": '<circle cx="8" cy="8" r="4"/>',
    "medium": '<path d="M8 2.75L13.25 8 8 13.25 2.75 8z"/>',
    "high": (
        '<path class="solid" fill-rule="evenodd" d="M8 1.9l6.6 11.7H1.4zM7.2 '
        '6v3.9h1.6V6zM7.2 10.9v1.6h1.6v-1.6z"/>'
    ),
    "critical": (
        '<path class="solid" fill-rule="evenodd" d="M5.4 1.75h5.2l3.65 3.65v5.2l-3.65 '
        '3.65H5.4L1.75 10.6V5.4zM4.5 7.1v1.8h7V7.1z"/>'
    ),
    "more": (
        '<circle class="solid" cx="3.5" cy="8" r="1.25"/>'
        '<circle class="solid" cx="8" cy="8" r="1.25"/>'
        '<circle class="solid" cx="12.5" cy="8" r="1.25"/>'
    ),
    "flask": (
        '<path d="M6 2.5h4M6.75 2.5v4L3.4 12.4a.75.75 0 0 0 .65 1.1h7.9a.75.75 0 0 0 '
        '.65-1.1L9.25 6.5v-4M5.25 10h5.5"/>'
    ),
    "held": '<circle cx="8" cy="8" r="5.75"/><path d="M6.5 6v4M9.5 6v4"/>',
    "warn": (
        '<path d="M8 2.75l5.75 10.5H2.25zM8 6.5v3"/>'
        '<circle class="solid" cx="8" cy="11.25" r=".8"/>'
    ),
    "info": (
        '<circle cx="8" cy="8" r="5.75"/>'
        '<path d="M8 7.5v3.25"/>'
        '<circle class="solid" cx="8" cy="5.4" r=".8"/>'
    ),
    "eye": (
        '<path d="M1.75 8S4 3.75 8 3.75 14.25 8 14.25 8 12 12.25 8 12.25 1.75 8 1.75 '
        '8z"/>'
        '<circle cx="8" cy="8" r="1.75"/>'
    ),
    "person": (
        '<circle cx="8" cy="5.25" r="2.5"/><path d="M3 13.5c0-2.9 2-4.75 5-4.75s5 1.85 5 4.75"/>'
    ),
    "back": '<path d="M13 8H3.5M7.25 4.25L3.5 8l3.75 3.75"/>',
    "spin": '<path d="M8 2.25A5.75 5.75 0 1 1 2.25 8"/>',
    "keys": (
        '<rect x="1.75" y="4" width="12.5" height="8.25" rx="1"/>'
        '<path d="M4.25 6.75h.5M7.75 6.75h.5M11.25 6.75h.5M5 9.5h6"/>'
    ),
    "flag": '<path d="M4 13.5v-11h8L10 5.25 12 8H4"/>',
    "off": '<circle cx="8" cy="8" r="5.75"/><path d="M4.25 11.75l7.5-7.5"/>',
    "power": '<path d="M8 2.25v5.5M4.75 4.25a5 5 0 1 0 6.5 0"/>',
    "gauge": '<path d="M2.5 11.5a5.5 5.5 0 1 1 11 0M8 11.5l2.5-3.5"/>',
    "plane": '<path d="M13.5 2.5l-11 4.25 4.25 2.5 2.5 4.25zM6.75 9.25L13.5 2.5"/>',
    "right": '<path d="M6 4l4 4-4 4"/>',
    "form": ('<path d="M4 2.5h8v11H4z"/><path d="M6.25 5.75h3.5M6.25 8.25h3.5M6.25 10.75h2"/>'),
}
