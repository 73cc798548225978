"""What `stream-monitor doctor` finds: every line a check with its verdict, and its fix where there is something to mend."""
