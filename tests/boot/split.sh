# split.sh FOLDER: cuts the output of cases/run.sh on standard input into FOLDER/NAME, one a case.
folder=$1
awk -v folder="$folder" '
    /^==== status / { print "status " $3 >file; close(file); file = ""; next }
    /^==== / { file = folder "/" $2; printf "" >file; next }
    file != "" { print >file }'
