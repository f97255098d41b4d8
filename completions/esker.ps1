# Completion of esker for PowerShell. The program itself says what may come next: esker help completion.

Register-ArgumentCompleter -Native -CommandName esker -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
        Where-Object { $_.Extent.StartOffset -lt $cursorPosition } |
        ForEach-Object { $_.Extent.Text.Trim('"', "'") })
    # Some versions do not hand on empty arguments, so that a new word is told by a flag.
    $flags = if ($wordToComplete -eq '') { @('--new-word') } else { @() }
    $answer = @(& esker complete @flags '--' @words 2>$null)
    foreach ($line in $answer | Select-Object -Skip 1) {
        $value, $note = $line -split "`t", 2
        if (-not $note) { $note = $value }
        $text = if ($value -match '[\s''"`$;&|(){}]') { "'" + $value.Replace("'", "''") + "'" } else { $value }
        [System.Management.Automation.CompletionResult]::new($text, $value, 'ParameterValue', $note)
    }
    if ($answer.Count -gt 0 -and $answer[0] -ne 'values') {
        [System.Management.Automation.CompletionCompleters]::CompleteFilename($wordToComplete)
    }
}
