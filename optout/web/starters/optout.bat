@echo off
rem Starts the page of optout by a double click in the Explorer. Not tried on Windows.
{{command}}
pause
