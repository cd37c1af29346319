"""A year of a federation in seconds: a scenario is played against the federation's own code.

::

    scenario            what stands in a scenario's file, every mistake at once
    moving              the same at another time
    weather             when members are down: drawn outages, regional ones, maintenance
    workload            what users ask for
    queues              where it waits
    play                day after day: probes, work, reports, months that close, decisions
    outcome             what came of it, as data
    report              the same as Markdown
    timeline            and as a picture
    comparison          what came of it under different policies
    comparison_report   that as Markdown
    comparison_picture  and as a picture
    drawing             pictures in SVG
"""
