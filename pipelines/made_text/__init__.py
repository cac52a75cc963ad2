"""Text made of a text, to train on beside it: what prose has too little of.

    python -m pipelines.made_text signs technical.txt --out signs.txt
    ocrtrain fit --live --corpus news.txt:0.85 --corpus signs.txt:0.15 --alphabet general

Same text, same result. Kinds: signs, commands, paths, numbers and lone letters between Chinese
characters; items, sentences behind numbers; half-width, paragraphs with half-width punctuation;
lookalikes, characters exchanged for others that look like them.
"""
