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
    "sources": "/sources/",
    "static": "/about/",
    "not-found": "/404.html",
}
