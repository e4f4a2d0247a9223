"""One page of each family of the flagship."""

FAMILIES = {
    "home": "/",
    "payer": "/kaiser-permanente/",
    "procedure": "/procedures/lumbar-spinal-fusion/",
    "procedure_reason": "/procedures/lumbar-spinal-fusion/medical-necessity/",
    "reason": "/reasons/medical-necessity/",
    "pair": "/unitedhealthcare/cervical-spine-mri/",
    "denial": "/unitedhealthcare/cervical-spine-mri/medical-necessity/",
    "guide": "/guides/kaiser-permanente/cervical-spine-mri/coverage-policy/",
    "plan": "/rights/self-funded-erisa/",
    "letter": "/letters/medical-necessity/",
    "deadlines": "/deadlines/",
    "glossary": "/glossary/",
    "external-review": "/rights/external-review-by-state/",
    "sources": "/sources/",
    "source-kind": "/sources/regulation/",
    "how-made": "/how-pages-are-made/",
    "corrections": "/corrections/",
    "changes": "/changes/",
    "static": "/about/",
    "not-found": "/404.html",
}
