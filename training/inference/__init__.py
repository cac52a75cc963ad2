"""From images to text: decoding, language models, prediction."""
